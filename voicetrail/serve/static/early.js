// Opens the terminal's connection while the page's larger scripts are still loading; page.js takes it over.
{
  const url = new URL("terminal", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = url.hash = "";
  window.voicetrailSocket = new WebSocket(url.href);
}
