"""The commands of users, thin; the command line behind them, benchmarks and tools."""
