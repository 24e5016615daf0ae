extension SQLError {
  /// What the server says of an error, without the rows it concerns.
  struct PostgresReport {
    /// Five characters; empty when the server could not be asked.
    var state = ""
    var message = ""
    var table = ""
    var column = ""
    var constraint = ""
  }

  /// - Source: PostgreSQL 15 documentation, appendix A, error codes.
  init(postgres report: PostgresReport) {
    switch report.state {
    case "23505": self = .unique(constraint: report.constraint)
    case "23503": self = .foreignKey(constraint: report.constraint)
    case "23514": self = .check(constraint: report.constraint)
    case "23502": self = .notNull(column: "\(report.table).\(report.column)")
    case "40001", "40P01", "26000": self = .serialization(message: report.message)
    // The table was altered after the statement had been prepared; prepared again it works.
    case "0A000" where report.message.contains("cached plan"): self = .serialization(message: report.message)
    case "55P03", "57014", "53300": self = .busy(message: report.message)
    case "53100", "53400": self = .full(message: report.message)
    case "25006": self = .readOnly(message: report.message)
    case "25P02": self = .aborted
    case "42501": self = .access(message: report.message)
    case "57P01", "57P02", "57P03", "57P05", "25P03", "": self = .connectionLost(message: report.message)
    default: self.init(class: report)
    }
  }

  private init(class report: PostgresReport) {
    switch report.state.prefix(2) {
    case "08": self = .connectionLost(message: report.message)
    // The message of a wrong value repeats it, after a colon or in quotes.
    case "22", "23": self = .data(message: String(report.message.prefix { $0 != ":" && $0 != "\"" }))
    case "28": self = .access(message: report.message)
    case "42": self = .syntax(message: report.message)
    case "58", "XX": self = .io(message: report.message)
    default: self = .other(code: report.state, message: report.message)
    }
  }

  /// Why a connection could not be made; the server gives no code then.
  init(postgresConnecting message: String) {
    if message.contains("authentication failed") || message.contains("no pg_hba.conf entry")
      || (message.contains("FATAL") && message.contains("does not exist"))
    {
      self = .access(message: message)
    } else if message.contains("too many clients") || message.contains("connection slots") {
      self = .busy(message: message)
    } else {
      self = .connectionLost(message: message)
    }
  }
}
