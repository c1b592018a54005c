"""Faster versions of what ``spotting`` does plainly; tests hold that both agree."""
