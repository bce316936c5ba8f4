"""The hub as a server: where hub, oversight and views meet, with its sockets, its jobs and its people."""
