//! Which statements does a request hold, in GreptimeDB's dialect?
//!
//! Start at [`parse`]. `CREATE TABLE` with its time index, `SHOW` and `DESCRIBE` are read here; SELECT, INSERT
//! and DELETE are read by the SQL parser GreptimeDB itself builds on and made ready for SQLite in [`super::rewrite`].

use sqlparser::ast::{self, ObjectName};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::Token;

use super::catalog::{Column, Table, TableName};
use super::error::SqlError;
use super::types::DataType;

/// One statement, with its tables' names resolved against the request's database.
#[derive(Debug)]
pub(crate) enum Statement {
    ShowTables { database: String, like: Option<String> },
    Describe(TableName),
    ShowCreate(TableName),
    CreateDatabase { name: String, if_not_exists: bool },
    CreateTable { name: TableName, if_not_exists: bool, table: Table },
    DropTable { name: TableName, if_exists: bool },
    Query(Box<ast::Query>),
    Insert { table: TableName, insert: Box<ast::Insert> },
    Delete(Box<ast::Statement>),
}

impl Statement {
    /// Whether a user who may only read is refused it.
    pub(crate) fn writes(&self) -> bool {
        !matches!(self, Self::ShowTables { .. } | Self::ShowCreate(_) | Self::Describe(_) | Self::Query(_))
    }
}

/// The statements of `sql`, in order. Unqualified tables belong to `database`.
pub(crate) fn parse(sql: &str, database: &str) -> Result<Vec<Statement>, SqlError> {
    // Strings stay as they were written, doubled quotes included: the parser's printer cannot tell an escaped quote
    // from two quotes, so that a decoded string would not come out as it went in.
    let options = ParserOptions::new().with_unescape(false);
    let parser = Parser::new(&GenericDialect {}).with_options(options).try_with_sql(sql).map_err(SqlError::syntax)?;
    let mut reader = Reader { parser, database };
    let mut statements = Vec::new();
    loop {
        while reader.parser.consume_token(&Token::SemiColon) {}
        if reader.parser.peek_token().token == Token::EOF {
            return Ok(statements);
        }
        statements.push(reader.statement()?);
        let end = reader.parser.peek_token();
        if !matches!(end.token, Token::SemiColon | Token::EOF) {
            return Err(SqlError::syntax(format!("expected end of statement, found: {end}")));
        }
    }
}

/// The table that `name` means, quoted and qualified as in a statement.
pub(crate) fn parse_table(name: &str, database: &str) -> Result<TableName, SqlError> {
    let parser = Parser::new(&GenericDialect {}).try_with_sql(name).map_err(SqlError::syntax)?;
    Reader { parser, database }.name()
}

/// The identifier as the server stores it: lower case unless quoted.
pub(crate) fn normalized(ident: &ast::Ident) -> String {
    match ident.quote_style {
        Some(quote) => ident.value.replace(&format!("{quote}{quote}"), &quote.to_string()),
        None => ident.value.to_lowercase(),
    }
}

/// `table`, `database.table` or `greptime.database.table`.
pub(crate) fn table_name(name: &ObjectName, database: &str) -> Result<TableName, SqlError> {
    let parts: Option<Vec<String>> = name.0.iter().map(|part| part.as_ident().map(normalized)).collect();
    match parts.as_deref() {
        Some([table]) => Ok(TableName { database: database.to_owned(), table: table.clone() }),
        Some([database, table]) => Ok(TableName { database: database.clone(), table: table.clone() }),
        Some([catalog, database, table]) if catalog == "greptime" => {
            Ok(TableName { database: database.clone(), table: table.clone() })
        }
        _ => Err(SqlError::table_not_found(database, &name.to_string())),
    }
}

/// The content of a string literal as it was written between its quotes.
pub(crate) fn unescaped(written: &str) -> String {
    written.replace("''", "'")
}

struct Reader<'a> {
    parser: Parser<'a>,
    database: &'a str,
}

impl Reader<'_> {
    fn statement(&mut self) -> Result<Statement, SqlError> {
        let first = self.parser.peek_token();
        let keyword = match &first.token {
            Token::Word(word) => word.keyword,
            Token::LParen => Keyword::SELECT,
            _ => Keyword::NoKeyword,
        };
        match keyword {
            Keyword::SELECT | Keyword::WITH => self.query(),
            Keyword::INSERT => self.insert(),
            Keyword::DELETE => self.delete(),
            Keyword::SHOW => self.show(),
            Keyword::DESCRIBE | Keyword::DESC => self.describe(),
            Keyword::CREATE => self.create(),
            Keyword::DROP => self.drop_table(),
            _ => Err(SqlError::unsupported(format!("SQL statement is not supported, keyword: {first}"))),
        }
    }

    fn query(&mut self) -> Result<Statement, SqlError> {
        self.parser.parse_query().map(Statement::Query).map_err(SqlError::syntax)
    }

    fn insert(&mut self) -> Result<Statement, SqlError> {
        let ast::Statement::Insert(insert) = self.parser.parse_statement().map_err(SqlError::syntax)? else {
            return Err(SqlError::syntax("expected an INSERT statement"));
        };
        match &insert.table {
            ast::TableObject::TableName(name) => {
                Ok(Statement::Insert { table: table_name(name, self.database)?, insert: Box::new(insert) })
            }
            other => Err(SqlError::unsupported(format!("insert into something else than a table: {other}"))),
        }
    }

    fn delete(&mut self) -> Result<Statement, SqlError> {
        let delete = self.parser.parse_statement().map_err(SqlError::syntax)?;
        Ok(Statement::Delete(Box::new(delete)))
    }

    fn name(&mut self) -> Result<TableName, SqlError> {
        let name = self.parser.parse_object_name(false).map_err(SqlError::syntax)?;
        table_name(&name, self.database)
    }

    fn show(&mut self) -> Result<Statement, SqlError> {
        if self.parser.parse_keywords(&[Keyword::SHOW, Keyword::CREATE, Keyword::TABLE]) {
            return self.name().map(Statement::ShowCreate);
        }
        if !self.parser.parse_keywords(&[Keyword::SHOW, Keyword::TABLES]) {
            return Err(SqlError::unsupported("SQL statement is not supported, keyword: SHOW"));
        }
        let mut shown = || -> Result<Statement, ParserError> {
            let named = self.parser.parse_one_of_keywords(&[Keyword::FROM, Keyword::IN]).is_some();
            let database = match named {
                true => normalized(&self.parser.parse_identifier()?),
                false => self.database.to_owned(),
            };
            let like = match self.parser.parse_keyword(Keyword::LIKE) {
                true => Some(unescaped(&self.parser.parse_literal_string()?)),
                false => None,
            };
            Ok(Statement::ShowTables { database, like })
        };
        shown().map_err(SqlError::syntax)
    }

    fn describe(&mut self) -> Result<Statement, SqlError> {
        self.parser.next_token();
        let _optional = self.parser.parse_keyword(Keyword::TABLE);
        self.name().map(Statement::Describe)
    }

    fn drop_table(&mut self) -> Result<Statement, SqlError> {
        if !self.parser.parse_keywords(&[Keyword::DROP, Keyword::TABLE]) {
            return Err(SqlError::unsupported("SQL statement is not supported, keyword: DROP"));
        }
        let if_exists = self.parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        Ok(Statement::DropTable { name: self.name()?, if_exists })
    }

    fn create(&mut self) -> Result<Statement, SqlError> {
        self.parser.next_token();
        let database = self.parser.parse_one_of_keywords(&[Keyword::DATABASE, Keyword::SCHEMA]).is_some();
        if !database && !self.parser.parse_keyword(Keyword::TABLE) {
            return Err(SqlError::unsupported("SQL statement is not supported, keyword: CREATE"));
        }
        let if_not_exists = self.parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        if database {
            let name = normalized(&self.parser.parse_identifier().map_err(SqlError::syntax)?);
            return Ok(Statement::CreateDatabase { name, if_not_exists });
        }
        let name = self.name()?;
        Ok(Statement::CreateTable { name, if_not_exists, table: self.definition()? })
    }

    /// `( column..., constraint... ) [ENGINE = x] [WITH (...)]`
    fn definition(&mut self) -> Result<Table, SqlError> {
        let mut draft = Draft::default();
        self.parser.expect_token(&Token::LParen).map_err(SqlError::syntax)?;
        loop {
            self.definition_item(&mut draft)?;
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        self.parser.expect_token(&Token::RParen).map_err(SqlError::syntax)?;
        let append_mode = self.table_options().map_err(SqlError::syntax)?;
        draft.finish(append_mode)
    }

    fn definition_item(&mut self, draft: &mut Draft) -> Result<(), SqlError> {
        if self.parser.parse_keywords(&[Keyword::PRIMARY, Keyword::KEY]) {
            draft.primary_key.extend(self.column_list().map_err(SqlError::syntax)?);
        } else if self.parser.parse_keywords(&[Keyword::TIME, Keyword::INDEX]) {
            draft.time_indexes.extend(self.column_list().map_err(SqlError::syntax)?);
        } else {
            let column = self.column(draft)?;
            draft.columns.push(column);
        }
        Ok(())
    }

    fn column_list(&mut self) -> Result<Vec<String>, ParserError> {
        self.parser.expect_token(&Token::LParen)?;
        let idents = self.parser.parse_comma_separated(Parser::parse_identifier)?;
        self.parser.expect_token(&Token::RParen)?;
        Ok(idents.iter().map(normalized).collect())
    }

    fn column(&mut self, draft: &mut Draft) -> Result<Column, SqlError> {
        let name = normalized(&self.parser.parse_identifier().map_err(SqlError::syntax)?);
        let declared = self.parser.parse_data_type().map_err(SqlError::syntax)?;
        let data_type = DataType::from_ast(&declared)
            .ok_or_else(|| SqlError::unsupported(format!("column type {declared} is not known to this stand-in")))?;
        let mut column = Column { name, data_type, nullable: true, default: None };
        loop {
            if self.parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]) {
                column.nullable = false;
            } else if self.parser.parse_keyword(Keyword::NULL) {
                column.nullable = true;
            } else if self.parser.parse_keywords(&[Keyword::TIME, Keyword::INDEX]) {
                draft.time_indexes.push(column.name.clone());
            } else if self.parser.parse_keywords(&[Keyword::PRIMARY, Keyword::KEY]) {
                draft.primary_key.push(column.name.clone());
            } else if self.parser.parse_keyword(Keyword::DEFAULT) {
                column.default = Some(self.parser.parse_value().map_err(SqlError::syntax)?.to_string());
            } else if self.parser.parse_keyword(Keyword::COMMENT) {
                self.parser.parse_literal_string().map_err(SqlError::syntax)?;
            } else {
                return Ok(column);
            }
        }
    }

    /// Whether `append_mode` is on; every other option changes nothing a client can see here.
    fn table_options(&mut self) -> Result<bool, ParserError> {
        if self.parser.parse_keyword(Keyword::ENGINE) {
            self.parser.expect_token(&Token::Eq)?;
            self.parser.parse_identifier()?;
        }
        let mut append_mode = false;
        if self.parser.parse_keyword(Keyword::WITH) {
            self.parser.expect_token(&Token::LParen)?;
            loop {
                let key = self.parser.parse_identifier()?;
                self.parser.expect_token(&Token::Eq)?;
                let value = self.parser.parse_value()?.to_string();
                append_mode |= key.value == "append_mode" && value.trim_matches('\'').eq_ignore_ascii_case("true");
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            self.parser.expect_token(&Token::RParen)?;
        }
        Ok(append_mode)
    }
}

/// A `CREATE TABLE` while it is read: its constraints may come before or after the columns they name.
#[derive(Default)]
struct Draft {
    columns: Vec<Column>,
    time_indexes: Vec<String>,
    primary_key: Vec<String>,
}

impl Draft {
    fn finish(mut self, append_mode: bool) -> Result<Table, SqlError> {
        let [time_index] = self.time_indexes.as_slice() else {
            let found = self.time_indexes.len();
            return Err(SqlError::syntax(format!("expected exactly one TIME INDEX, found {found}")));
        };
        let keys = self.primary_key.iter().chain([time_index]);
        if let Some(missing) = keys.into_iter().find(|key| !self.columns.iter().any(|column| column.name == **key)) {
            return Err(SqlError::syntax(format!("key column {missing} is not a column of the table")));
        }
        for column in self.columns.iter_mut().filter(|column| column.name == *time_index) {
            if !matches!(column.data_type, DataType::Timestamp(_)) {
                return Err(SqlError::syntax(format!("time index {time_index} must be a TIMESTAMP")));
            }
            column.nullable = false;
        }
        let time_index = time_index.clone();
        Ok(Table { columns: self.columns, time_index, primary_key: self.primary_key, append_mode })
    }
}
