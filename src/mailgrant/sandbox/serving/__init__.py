"""How programs reach the sandbox: the server, the proxy, and what leads a program to them."""
