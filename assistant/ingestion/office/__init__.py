"""What Word, OpenDocument and RTF files share."""
