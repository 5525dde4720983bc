"""How what is served changes over time: drift, age, and how right it was once labels came."""
