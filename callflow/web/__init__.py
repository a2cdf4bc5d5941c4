"""The shell of ``callflow serve``: who is let in, what every page looks like, where pages are added."""
