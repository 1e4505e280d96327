"""The stand-in plant: real physics behind real servers, with faults that can be injected."""
