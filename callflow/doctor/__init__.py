"""``callflow doctor``: is everything here that ``callflow live`` needs, and is this computer quick enough?"""
