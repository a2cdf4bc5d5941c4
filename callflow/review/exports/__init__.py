"""What leaves the archive: tables for spreadsheets, pages to print, shapes for programs; masked by default."""
