"""What the services need of the world, as Protocols; `slipway.adapters` holds the real things."""
