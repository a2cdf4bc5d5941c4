"""What to say next: follows one call through its flow. Pure; time arrives inside events."""
