{{ live_rows('opportunity') }}
