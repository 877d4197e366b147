// A library needs an object.
