"""A released model of sounds as C sources that firmware of microcontrollers can include."""
