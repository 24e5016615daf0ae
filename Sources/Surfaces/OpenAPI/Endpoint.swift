package import HTTPTypes
package import Hummingbird
package import Kernel

/// One operation of the API, said once: the router, the permission check, the checks of parameters and body, and the
/// OpenAPI document all come from it.
package struct Endpoint: Sendable {
  /// Who may call it.
  package enum Access: Sendable, Hashable {
    /// Anybody.
    case open
    /// Whoever gave a right password, though something may be due: to say what, and to end it.
    case signingIn
    /// Whoever is signed in, about themselves.
    case signedIn
    /// Whoever has the permission, if only in a part of the organisation.
    case permission(Permission)
    /// Whoever has one of the permissions.
    case anyOf([Permission])

    /// The permissions of which one is needed; empty for none.
    package var permissions: [Permission] {
      switch self {
      case .open, .signingIn, .signedIn: []
      case .permission(let permission): [permission]
      case .anyOf(let permissions): permissions
      }
    }
  }

  /// A parameter of the path, the query or the headers.
  package struct Parameter: Sendable {
    /// Where in a request a parameter stands.
    package enum Place: String, Sendable { case path, query, header }

    package let name: String
    package let place: Place
    package let schema: Schema
    package let about: String
    package let isRequired: Bool
  }

  /// What it takes as a body.
  package struct Body: Sendable {
    package let mediaType: String
    package let schema: Schema
    package let bytesMax: Int
    /// Decodes the schema's example, so that a test can prove that it does.
    let decodeExample: @Sendable () throws -> Void

    /// A JSON body of that type.
    package static func json<T: Decodable & Described & SendableMetatype>(
      _ type: T.Type, bytesMax: Int = Limits.bodyBytesDefault
    ) -> Body {
      Body(mediaType: "application/json", schema: T.schema, bytesMax: bytesMax) {
        _ = try JSONBody.decode(T.self, from: T.schema.example)
      }
    }

    /// A CSV file.
    package static let csv = Body(
      mediaType: "text/csv", schema: .text(0...Limits.fileBytesMax, example: "…"), bytesMax: Limits.fileBytesMax) {}
  }

  /// What it answers when all goes well.
  package struct Answer: Sendable {
    package let status: HTTPResponse.Status
    package let mediaType: String?
    package let schema: Schema?

    package static func json(_ schema: Schema, _ status: HTTPResponse.Status = .ok) -> Answer {
      Answer(status: status, mediaType: "application/json", schema: schema)
    }

    package static let nothing = Answer(status: .noContent, mediaType: nil, schema: nil)
    package static let events = Answer(
      status: .ok, mediaType: "text/event-stream", schema: .text(0...Int(Int32.max), example: "id: 1\n\n"))
  }

  package let method: HTTPRequest.Method
  /// With parameters in braces: `/api/v1/rooms/{room}`.
  package let path: String
  /// The operation's id in the document: `getRoom`.
  package let name: String
  package let tag: String
  package let summary: String
  package let access: Access
  package let parameters: [Parameter]
  package let body: Body?
  package let answer: Answer
  /// Statuses of problems beyond those every endpoint can answer.
  package let problems: [HTTPResponse.Status]
  /// Event streams have none.
  package let hasTimeLimit: Bool
  let handle: @Sendable (Call) async throws -> Response

  package init(
    _ method: HTTPRequest.Method, _ path: String, _ name: String, tag: String, _ summary: String,
    access: Access, parameters: [Parameter] = [], body: Body? = nil, answer: Answer,
    problems: [HTTPResponse.Status] = [], hasTimeLimit: Bool = true,
    handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    self.method = method
    self.path = path
    self.name = name
    self.tag = tag
    self.summary = summary
    self.access = access
    self.parameters = parameters
    self.body = body
    self.answer = answer
    self.problems = problems
    self.hasTimeLimit = hasTimeLimit
    self.handle = handle
  }
}

extension Endpoint.Parameter {
  /// An id in the path. A malformed one names nothing, and is answered as unknown.
  package static func path(_ name: String, _ about: String, _ schema: Schema = .id) -> Self {
    Self(name: name, place: .path, schema: schema, about: about, isRequired: true)
  }

  /// A parameter of the query that may be left out.
  package static func query(_ name: String, _ about: String, _ schema: Schema) -> Self {
    Self(name: name, place: .query, schema: schema, about: about, isRequired: false)
  }

  /// A parameter of the query that must be there.
  package static func needs(_ name: String, _ about: String, _ schema: Schema) -> Self {
    Self(name: name, place: .query, schema: schema, about: about, isRequired: true)
  }

  /// A header.
  package static func header(_ name: String, _ about: String, _ schema: Schema, isRequired: Bool = false) -> Self {
    Self(name: name, place: .header, schema: schema, about: about, isRequired: isRequired)
  }

  /// Both parameters of every list.
  package static let paging: [Self] = [
    .query("cursor", "Where to go on: nextCursor of the page before.", .text(1...1_024, example: "eyJ…")),
    .query("limit", "Items of a page.", .integer(1...Int64(Limits.pageMax))),
  ]

  /// The version that a change is based on.
  package static let ifMatch = header(
    "If-Match", "The ETag of the resource as it was read; * to change whatever is there.",
    .text(1...200, example: "\"3-0f\""))
}

extension Endpoint {
  /// The problems of a change that needs If-Match.
  package static let conditional: [HTTPResponse.Status] = [.preconditionFailed, .preconditionRequired]
}
