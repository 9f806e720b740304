industry = "Energy"
