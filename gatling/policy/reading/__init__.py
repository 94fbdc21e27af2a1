"""The native dialect: the parts of a policy, each with its reader. `recognise` walks the policy and calls them."""
