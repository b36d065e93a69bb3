"""The HTTP side: one process on 127.0.0.1, moto behind the handlers of control/ and run/."""
