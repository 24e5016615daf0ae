/// Limits of the way to a PostgreSQL server.
public struct PostgresOptions: Sendable {
  /// The most connections at once, each with a thread of its own.
  public var connectionsMax: Int = 8
  /// The most calls that may wait for a connection; more throw `.busy`.
  public var waitersMax: Int = 1_000
  /// How long a statement may wait for a lock, then `.busy`.
  public var lockTimeoutSeconds: Int = 5
  /// How long a statement may run, then `.busy`.
  public var statementTimeoutSeconds: Int = 60
  /// How long connecting may take.
  public var connectTimeoutSeconds: Int = 10
  /// How often a write's body is repeated when transactions contradict each other.
  public var attemptsMax: Int = 12

  public init() {}
}
