"""Ibis on Spark, with results that leave as Arrow and a session that ends without its application."""

from __future__ import annotations

import string
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.formats.pyarrow import PyArrowSchema


class LakeCompiler(PySparkCompiler):
    """What Ibis 12 writes for Spark and Spark reads otherwise.

    It writes 2.5 for the float64 2.5, which to Spark is a decimal, and decimals are rounded on the way.
    """

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        """A float as a double; anything else as Ibis does."""
        if dtype.is_floating():
            return self.cast(sge.Literal.string(repr(float(value))), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_Strip(self, _op: Any, *, arg: Any) -> Any:  # noqa: N802
        r"""Blanks by their numbers: Spark reads the \v and \f that Ibis writes as letters, and strips these."""
        blanks = self.f.concat(*(self.f.chr(ord(blank)) for blank in string.whitespace))
        return self.f.anon.btrim(arg, blanks)


class LakeBackend(Backend):
    """Ibis goes through pandas, where an integer column with a gap becomes float and is wrong above 2^53."""

    compiler = LakeCompiler()

    @property
    def session(self) -> Any:
        """Spark's own session of this snapshot."""
        return self._session

    def frame(self, expr: ir.Table) -> Any:
        """The expression as a DataFrame of Spark, for what Ibis has no words for."""
        self._run_pre_execute_hooks(expr)
        return self.raw_sql(self.compile(expr))

    def to_pyarrow(self, expr: ir.Expr, /, *, params: Any = None, limit: Any = None, **options: Any) -> Any:
        """The result as an Arrow table (column, scalar) with the types of the expression."""
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        found = self.raw_sql(self.compile(table, params=params, limit=limit, **options)).toArrow()
        schema = PyArrowSchema.from_ibis(table.schema())
        return expr.__pyarrow_result__(found.rename_columns(schema.names).cast(schema))

    def execute(self, expr: ir.Expr, /, *, params: Any = None, limit: Any = None, **options: Any) -> Any:
        """The result as pandas, made from the Arrow one."""
        table = expr.as_table()
        found: pa.Table = self.to_pyarrow(table, params=params, limit=limit, **options)
        return expr.__pandas_result__(found.to_pandas())

    def create_table(
        self, name: str, /, obj: Any = None, *, temp: bool | None = None, **options: Any
    ) -> ir.Table:
        """A table of this session where it is ``temp``, kept by the executors; Ibis has none for Spark.

        ``overwrite``: in the place of one of that name.  Any other table as Ibis makes it.
        """
        if not temp:
            return super().create_table(name, obj, temp=temp, **options)
        if options.get("overwrite"):
            self._drop_cached_table(name)
        return self._create_cached_table(name, obj if isinstance(obj, ir.Table) else ibis.memtable(obj))

    def _register_in_memory_table(self, op: Any) -> None:
        # Ibis goes through pandas here, too.
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)

    def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
        # As Ibis does, but with the types of the expression (Spark's own times have no zone), which also saves asking.
        self._cached_dataframes[name] = kept = self.frame(expr).cache()
        kept.createTempView(name)
        return ops.DatabaseTable(name, schema=expr.schema(), source=self).to_expr()

    def _drop_cached_table(self, name: str) -> None:
        # An expression may outlive its session, whose end has dropped the table already.
        if name in self._cached_dataframes:
            super()._drop_cached_table(name)

    def disconnect(self) -> None:
        """Forget this session's views and what it cached; the application goes on, see ``spark.stop``."""
        for name in list(self._cached_dataframes):
            self._drop_cached_table(name)
        for view in self._session.sql("SHOW VIEWS").collect():
            if view.isTemporary:
                self._session.catalog.dropTempView(view.viewName)
