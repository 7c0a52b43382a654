"""What an organization issues or holds on Stellar, and the methods by which it leaves or enters the rails."""
