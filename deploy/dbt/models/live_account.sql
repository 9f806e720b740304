{{ live_rows('account') }}
