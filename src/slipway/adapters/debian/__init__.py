"""ImageParts from Debian's archive and from wheels."""
