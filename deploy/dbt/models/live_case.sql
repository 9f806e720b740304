{{ live_rows('case') }}
