"""The call, from off hook to on hook, as a pure state machine: events and a clock in, actions out."""
