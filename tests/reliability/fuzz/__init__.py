"""Bad input, thousands of times: each case is taken or refused in words, whole, and soon."""
