"""What every package stands on: database, tenancy, parties, money, time, states, durable tasks, events. Knows
nothing of selling."""
