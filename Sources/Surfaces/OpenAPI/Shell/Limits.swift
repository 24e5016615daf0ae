import Kernel

/// The limits of the HTTP side, in one place; docs/api.md states them.
package enum Limits {
  /// The largest JSON body an endpoint takes unless it says otherwise.
  package static let bodyBytesDefault = 64 * 1024
  /// The largest CSV file of a batch registration.
  package static let fileBytesMax = 4 * 1024 * 1024
  /// How long a body may take to arrive in full.
  package static let bodyTime: Duration = .seconds(30)
  /// How long a use case may take, event streams excepted.
  package static let handlingTime: Duration = .seconds(30)
  /// How long a connection may stay silent between requests, or a request's head take to arrive (slowloris).
  package static let idleSecondsMax = 60
  /// The largest single header field, and all of a request's together.
  package static let headerBytesMax = 16 * 1024
  /// How many header fields a request may have.
  package static let headersMax = 100
  /// The longest request target, path and query.
  package static let targetBytesMax = 8 * 1024
  /// Levels of nesting in a JSON body.
  package static let nestingMax = 32
  /// Items of a page when the client does not say.
  package static let pageDefault = 50
  /// Items of a page at most.
  package static let pageMax = 200
  /// Event streams one principal may hold open.
  package static let streamsOfPrincipalMax = 16
  /// Event streams the server holds open in all.
  package static let streamsMax = 2_000
  /// How long an event stream's client may take to read what was written before the stream is ended.
  package static let streamWriteTime: Duration = .seconds(20)
  /// The pause after which an event stream says that it is alive.
  package static let heartbeat: Duration = .seconds(15)
  /// How often an open event stream checks that its session still holds.
  package static let streamCheckTime: Duration = .seconds(30)
}
