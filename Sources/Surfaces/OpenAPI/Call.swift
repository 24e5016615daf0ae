import Foundation
import HTTPTypes
package import Hummingbird
package import Kernel
import NIOCore

/// One request on its way through an endpoint: its checked parameters, its body, and how it is answered.
package struct Call: Sendable {
  package let request: Request
  package let context: HTTPContext
  package let endpoint: Endpoint
  /// The values of the query's parameters, checked against the endpoint's.
  let query: [String: String]
  let tools: Tools

  /// What the surface gives to every call.
  struct Tools: Sendable {
    let cursors: Cursors
    let time: Timekeeper
    /// Whether answers are checked against their schemas; tests do.
    let checksAnswers: Bool
  }

  /// Who asks.
  ///
  /// - Throws: `Problem.unauthenticated` on an open endpoint when nobody signed in.
  package func principal() throws(Problem) -> Principal {
    guard let caller = context.caller else { throw .unauthenticated }
    return caller.principal
  }

  /// The id in the path. One that is malformed names nothing.
  package func id<T>(_ name: String, _: T.Type = T.self) throws(Problem) -> ID<T> {
    guard let text = context.parameters.get(name), let id = ID<T>(text) else { throw .notFound(name) }
    return id
  }

  /// The text in the path, percent-decoded.
  package func text(_ name: String) throws(Problem) -> String {
    guard let text = context.parameters.get(name)?.removingPercentEncoding else { throw .notFound(name) }
    return text
  }

  /// A parameter of the query.
  package func value(_ name: String) -> String? { query[name] }

  /// A parameter of the query that is a whole number; checked against its range before.
  package func number(_ name: String) -> Int? { query[name].flatMap { Int($0) } }

  /// A parameter of the query that is an id.
  package func queryID<T>(_ name: String, _: T.Type = T.self) throws(Problem) -> ID<T>? {
    guard let text = query[name] else { return nil }
    guard let id = ID<T>(text) else { throw .invalidParameter(name, "is not an id") }
    return id
  }

  /// A parameter of the query that is a moment in RFC 3339.
  package func instant(_ name: String) throws(Problem) -> Instant? {
    guard let text = query[name] else { return nil }
    guard let instant = Instant(text: text) else {
      throw .invalidParameter(name, "is not a moment as 2026-11-23T06:32:08Z; write + as %2B")
    }
    return instant
  }

  /// A parameter of the query that is a day.
  package func date(_ name: String) throws(Problem) -> LocalDate? {
    guard let text = query[name] else { return nil }
    guard let date = LocalDate(text) else { throw .invalidParameter(name, "is not a day as 2026-11-23") }
    return date
  }

  /// A parameter of the query that is one of the words of an enumeration, or several with commas between.
  package func words<T: RawRepresentable<String>>(_ name: String, _: T.Type = T.self) throws(Problem) -> [T] {
    guard let text = query[name] else { return [] }
    var words: [T] = []
    for word in text.split(separator: ",") {
      guard let value = T(rawValue: String(word)) else { throw .invalidParameter(name, "has an unknown word") }
      words.append(value)
    }
    return words
  }
}

extension Call {
  /// Items of a page.
  package var limit: Int { number("limit") ?? Limits.pageDefault }

  /// Where the page begins; nil for the first.
  package func cursor<T: Decodable>(_: T.Type = T.self) throws(Problem) -> T? {
    guard let text = query["cursor"] else { return nil }
    return try tools.cursors.open(T.self, text, scope: scope)
  }

  /// The cursor of the page after this position.
  package func next(_ position: (some Encodable)?) throws -> String? {
    try position.map { try tools.cursors.seal($0, scope: scope) }
  }

  /// Which list: endpoint, place, filters and organisation.
  private var scope: String {
    let filters = query.filter { $0.key != "cursor" && $0.key != "limit" }.sorted { $0.key < $1.key }
    let organisation = context.caller?.principal.organisation.description ?? ""
    return ([request.uri.path, organisation] + filters.flatMap { [$0.key, $0.value] }).joined(separator: "\u{1f}")
  }
}
