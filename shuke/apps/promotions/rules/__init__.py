"""Decisions about vouchers: plain values in, plain values out."""
