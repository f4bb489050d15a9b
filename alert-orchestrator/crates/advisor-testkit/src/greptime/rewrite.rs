//! What does SQLite have to run for a statement of GreptimeDB's, and what types do its columns have?
//!
//! Start at [`Rewriter`]. Three things differ: tables live in attached databases, instants are written as text but kept
//! as numbers in the column's own unit, and `now()` has a type and a clock the tests can shift. Everything else is run
//! as it stands.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, BinaryOperator, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Query, Select, SelectItem, SetExpr, TypedString, Value, VisitMut, Visitor, VisitorMut,
};

use super::catalog::{Catalog, Table, TableName};
use super::dialect::{normalized, table_name, unescaped};
use super::error::{SqlError, code};
use super::types::DataType;

/// What SQLite runs, and what is known about the result before it ran.
pub(crate) struct Rewritten {
    pub(crate) sql: String,
    /// One entry per item of the projection.
    pub(crate) columns: Vec<Projected>,
    /// The columns the statement may name, for error messages.
    pub(crate) valid_fields: Vec<String>,
}

impl Rewritten {
    /// A query of our own over things that are no user table, all of whose columns are strings.
    pub(crate) fn strings(sql: String, columns: usize) -> Self {
        Self { sql, columns: vec![Projected::One(Some(DataType::String)); columns], valid_fields: Vec::new() }
    }
}

/// An item of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Projected {
    /// `*`: any number of columns, each with its declared type.
    Wildcard,
    /// One column; its type where the expression tells it.
    One(Option<DataType>),
}

/// Rewrites the statements of one request.
pub(crate) struct Rewriter<'a> {
    catalog: &'a Catalog,
    database: &'a str,
    now_nanoseconds: i128,
    with_names: BTreeSet<String>,
    columns: Vec<(String, DataType)>,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(catalog: &'a Catalog, database: &'a str, now_nanoseconds: i128) -> Self {
        Self { catalog, database, now_nanoseconds, with_names: BTreeSet::new(), columns: Vec::new() }
    }

    pub(crate) fn query(mut self, mut query: Box<Query>) -> Result<Rewritten, SqlError> {
        self.survey(&*query)?;
        let columns = match query.body.as_mut() {
            SetExpr::Select(select) => self.projection(select),
            _ => Vec::new(),
        };
        self.rewrite(&mut *query)?;
        Ok(self.finish(query.to_string(), columns))
    }

    pub(crate) fn delete(mut self, mut statement: Box<ast::Statement>) -> Result<Rewritten, SqlError> {
        self.survey(&*statement)?;
        self.rewrite(&mut *statement)?;
        Ok(self.finish(statement.to_string(), Vec::new()))
    }

    pub(crate) fn insert(mut self, name: &TableName, mut insert: Box<ast::Insert>) -> Result<Rewritten, SqlError> {
        let table = self.catalog.table(name)?;
        if !table.append_mode {
            insert.or = Some(ast::SqliteOnConflict::Replace);
        }
        let targets = insert_targets(table, &insert);
        if let Some(SetExpr::Values(values)) = insert.source.as_mut().map(|source| source.body.as_mut()) {
            for row in &mut values.rows {
                for (cell, data_type) in row.content.iter_mut().zip(&targets) {
                    if let Some(data_type) = data_type {
                        self.store_as(cell, *data_type)?;
                    }
                }
            }
        }
        let mut statement = ast::Statement::Insert(*insert);
        self.survey(&statement)?;
        self.rewrite(&mut statement)?;
        Ok(self.finish(statement.to_string(), Vec::new()))
    }

    fn finish(self, sql: String, columns: Vec<Projected>) -> Rewritten {
        Rewritten { sql, columns, valid_fields: self.columns.into_iter().map(|(name, _)| name).collect() }
    }

    /// Collects the columns of every table the statement reads and the names its `WITH` and `AS` introduce.
    fn survey(&mut self, node: &impl ast::Visit) -> Result<(), SqlError> {
        match node.visit(&mut Survey(self)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }

    fn rewrite(&mut self, node: &mut impl VisitMut) -> Result<(), SqlError> {
        match node.visit(self) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }

    /// The types of the projection. Items whose text will change keep it as their column name.
    fn projection(&self, select: &mut Select) -> Vec<Projected> {
        let mut columns = Vec::with_capacity(select.projection.len());
        for item in &mut select.projection {
            columns.push(match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Projected::One(self.type_of(expr))
                }
                _ => Projected::Wildcard,
            });
            if let SelectItem::UnnamedExpr(expr) = item
                && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
            {
                let alias = Ident::with_quote('"', expr.to_string().replace('"', "\"\""));
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        columns
    }

    /// The GreptimeDB type of an expression, where it follows from the columns it names.
    fn type_of(&self, expr: &Expr) -> Option<DataType> {
        match expr {
            Expr::Identifier(ident) => self.column_type(ident),
            Expr::CompoundIdentifier(parts) => self.column_type(parts.last()?),
            Expr::Nested(inner) => self.type_of(inner),
            Expr::Cast { data_type, .. } => DataType::from_ast(data_type),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
                results.into_iter().find_map(|result| self.type_of(result))
            }
            Expr::Function(function) => self.function_type(function),
            _ => None,
        }
    }

    fn column_type(&self, ident: &Ident) -> Option<DataType> {
        let name = normalized(ident);
        self.columns.iter().find(|(column, _)| *column == name).map(|(_, data_type)| *data_type)
    }

    fn function_type(&self, function: &Function) -> Option<DataType> {
        match function.name.to_string().to_lowercase().as_str() {
            "now" | "current_timestamp" => Some(DataType::Timestamp(9)),
            "count" => Some(DataType::Int(64)),
            "avg" => Some(DataType::Float64),
            "min" | "max" | "first_value" | "last_value" | "sum" | "coalesce" | "ifnull" | "nullif" => {
                arguments(function).find_map(|argument| self.type_of(argument))
            }
            _ => None,
        }
    }

    /// Turns a constant into what a column of `data_type` stores.
    fn store_as(&self, expr: &mut Expr, data_type: DataType) -> Result<(), SqlError> {
        if data_type.is_instant() {
            return self.to_instant(expr, data_type);
        }
        if let DataType::Decimal { .. } = data_type
            && let Expr::Value(value) = expr
            && let Value::Number(digits, _) = &value.value
        {
            // Kept as written: through a double, 0.1 would lose its last digits.
            value.value = Value::SingleQuotedString(digits.clone());
        }
        Ok(())
    }

    /// Turns an instant written as text, or `now()`, into the number a column of `data_type` holds.
    fn to_instant(&self, expr: &mut Expr, data_type: DataType) -> Result<(), SqlError> {
        let at = if let Expr::Function(function) = &*expr
            && is_now(function)
        {
            data_type.units_of(self.now_nanoseconds)
        } else if let Some(text) = instant_text(expr) {
            data_type.instant(&text)
        } else {
            return Ok(());
        };
        let at = at.ok_or_else(|| {
            SqlError::new(code::ENGINE_EXECUTE_QUERY, format!("Failed to cast {expr} to {data_type}: not an instant"))
        })?;
        *expr = number(at);
        Ok(())
    }

    fn expression(&self, expr: &mut Expr) -> Result<(), SqlError> {
        match expr {
            Expr::BinaryOp { left, op, right } if compares(op) => {
                if let Some(data_type) = self.type_of(left).filter(|data_type| data_type.is_instant()) {
                    self.to_instant(right, data_type)?;
                } else if let Some(data_type) = self.type_of(right).filter(|data_type| data_type.is_instant()) {
                    self.to_instant(left, data_type)?;
                }
            }
            Expr::Between { expr, low, high, .. } => {
                if let Some(data_type) = self.type_of(expr).filter(|data_type| data_type.is_instant()) {
                    self.to_instant(low, data_type)?;
                    self.to_instant(high, data_type)?;
                }
            }
            Expr::InList { expr, list, .. } => {
                if let Some(data_type) = self.type_of(expr).filter(|data_type| data_type.is_instant()) {
                    list.iter_mut().try_for_each(|item| self.to_instant(item, data_type))?;
                }
            }
            Expr::Function(function) if is_now(function) => self.to_instant(expr, DataType::Timestamp(9))?,
            Expr::Cast { kind, data_type, .. } => {
                let target = DataType::from_ast(data_type).filter(|target| !target.is_instant());
                let target = target.ok_or_else(|| SqlError::unsupported(format!("a cast to {data_type} here")))?;
                *kind = CastKind::Cast;
                *data_type = ast::DataType::Custom(ObjectName::from(vec![Ident::new(target.storage())]), Vec::new());
            }
            Expr::Interval(interval) => return Err(SqlError::unsupported(format!("interval arithmetic: {interval}"))),
            _ => {}
        }
        Ok(())
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = Box<SqlError>;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Self::Break> {
        if let Some(name) = self.stored_table(relation)? {
            let quoted = |part: &str| ObjectNamePart::Identifier(Ident::with_quote('"', part.replace('"', "\"\"")));
            relation.0 = vec![quoted(&name.database), quoted(&name.table)];
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

impl Rewriter<'_> {
    /// The table a relation names; `None` for a name that `WITH` introduced.
    fn stored_table(&self, relation: &ObjectName) -> ControlFlow<Box<SqlError>, Option<TableName>> {
        match relation.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] if self.with_names.contains(&normalized(ident)) => {
                ControlFlow::Continue(None)
            }
            _ => match table_name(relation, self.database) {
                Ok(name) => ControlFlow::Continue(Some(name)),
                Err(error) => ControlFlow::Break(Box::new(error)),
            },
        }
    }
}

struct Survey<'a, 'b>(&'a mut Rewriter<'b>);

impl Visitor for Survey<'_, '_> {
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let names = query.with.iter().flat_map(|with| &with.cte_tables).map(|table| normalized(&table.alias.name));
        self.0.with_names.extend(names);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        if let Some(name) = self.0.stored_table(relation)? {
            match self.0.catalog.table(&name) {
                Ok(table) => self.0.columns.extend(table.columns.iter().map(|c| (c.name.clone(), c.data_type))),
                Err(error) => return ControlFlow::Break(Box::new(error)),
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && let Some(data_type) = self.0.type_of(expr)
            {
                self.0.columns.push((normalized(alias), data_type));
            }
        }
        ControlFlow::Continue(())
    }
}

/// The types of the columns an insert fills, in the order of its values.
fn insert_targets(table: &Table, insert: &ast::Insert) -> Vec<Option<DataType>> {
    if insert.columns.is_empty() {
        return table.columns.iter().map(|column| Some(column.data_type)).collect();
    }
    let target = |name: &ObjectName| name.0.last().and_then(ObjectNamePart::as_ident).map(normalized);
    let data_type = |name: String| table.column(&name).map(|column| column.data_type);
    insert.columns.iter().map(|name| target(name).and_then(data_type)).collect()
}

fn arguments(function: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

fn is_now(function: &Function) -> bool {
    matches!(function.name.to_string().to_lowercase().as_str(), "now" | "current_timestamp")
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The text of `'…'`, `TIMESTAMP '…'` or `'…'::TIMESTAMP(3)`.
fn instant_text(expr: &Expr) -> Option<String> {
    let value = match expr {
        Expr::Value(value) | Expr::TypedString(TypedString { value, .. }) => value,
        Expr::Cast { expr, .. } | Expr::Nested(expr) => return instant_text(expr),
        _ => return None,
    };
    match &value.value {
        Value::SingleQuotedString(text) => Some(unescaped(text)),
        _ => None,
    }
}

fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).into())
}
