"""The money: ledger, charges, invoices, payments, funds, the gateway."""
