{{ live_rows('contact') }}
