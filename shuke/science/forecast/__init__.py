"""What will sell: series of sales, a ladder of methods, the choice among them, sums that hold, honest intervals.

``series`` makes series of the tables, ``forecasting`` forecasts them, ``reconciliation`` makes levels add up,
``accuracy`` says how good it was.  See docs/algorithms/forecast.md.
"""
