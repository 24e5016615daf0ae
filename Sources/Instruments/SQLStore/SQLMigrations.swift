/// The tables of one context as numbered steps. A step that was ever applied is never changed: add another.
public struct SQLMigrations: Sendable {
  /// Whose tables: a context's name, in small letters.
  public let context: String
  /// In the order of their numbers, from 1 without gaps.
  public let steps: [Step]

  public init(context: String, steps: [Step]) {
    self.context = context
    self.steps = steps
  }

  /// One step: applied whole or not at all.
  public struct Step: Sendable {
    public let number: Int
    /// What it does, in a few words.
    public let name: String
    private let sqlite: String
    private let postgres: String

    /// A step whose text is the same on both stores; type words as `SQLDialect.spell` tells.
    ///
    /// - Parameter sql: statements, each ended by a semicolon.
    public init(_ number: Int, _ name: String, _ sql: String) {
      self.init(number, name, sqlite: sql, postgres: sql)
    }

    /// A step that must be written differently.
    public init(_ number: Int, _ name: String, sqlite: String, postgres: String) {
      self.number = number
      self.name = name
      self.sqlite = sqlite
      self.postgres = postgres
    }

    func text(_ dialect: SQLDialect) -> String {
      dialect.spell(dialect == .sqlite ? sqlite : postgres)
    }

    /// Tells a changed text from the applied one: FNV-1a over the text as applied. Not against an attacker.
    func checksum(_ dialect: SQLDialect) -> String {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in text(dialect).utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      return String(hash, radix: 16)
    }
  }
}
