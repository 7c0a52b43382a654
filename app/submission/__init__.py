"""The only room that writes to Stellar: orders go in, and each is paid once or not at all."""
