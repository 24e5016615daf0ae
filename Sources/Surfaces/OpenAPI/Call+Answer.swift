import Crypto
import HTTPTypes
package import Hummingbird
import Logging
import NIOCore

extension Call {
  /// Answers with JSON in the endpoint's schema.
  package func answer(_ value: some Encodable & Described, headers: HTTPFields = [:]) throws -> Response {
    try answer(bytes: JSONBody.encode(value), headers: headers)
  }

  /// Answers with JSON and its ETag; 304 when the client has it already.
  ///
  /// - Parameter version: the ETag's text when the resource counts its versions; otherwise the bytes' hash.
  package func resource(_ value: some Encodable & Described, version: String? = nil) throws -> Response {
    let bytes = try JSONBody.encode(value)
    let tag = "\"\(version ?? Self.hash(bytes))\""
    let known = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }
      .map { $0.trimmingPrefix(while: \.isWhitespace) }
    if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) {
      return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-cache"])
    }
    return try answer(bytes: bytes, headers: [.eTag: tag, .cacheControl: "no-cache"])
  }

  /// Answers that it is done, with nothing to say.
  package func done(headers: HTTPFields = [:]) -> Response {
    Response(status: endpoint.answer.status, headers: headers)
  }

  /// Whether the version in If-Match is this one.
  ///
  /// - Throws: `Problem.preconditionMissing` without the header, `Problem.stale` when it is another.
  package func requireMatch(_ version: String) throws(Problem) {
    guard let header = request.headers[.ifMatch] else { throw .preconditionMissing }
    let tags = header.split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }
    guard tags.contains(where: { $0 == "\"\(version)\"" || $0 == "*" }) else { throw .stale }
  }

  private func answer(bytes: [UInt8], headers: HTTPFields) throws -> Response {
    if tools.checksAnswers { try checkAnswer(bytes) }
    var headers = headers
    headers[.contentType] = endpoint.answer.mediaType ?? "application/json"
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    return Response(
      status: endpoint.answer.status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private func checkAnswer(_ bytes: [UInt8]) throws {
    guard let schema = endpoint.answer.schema else { return }
    do {
      try schema.check(try JSONReader.read(bytes))
    } catch {
      context.logger.critical(
        "answer does not fit its schema", metadata: ["http.route": "\(endpoint.path)", "error": "\(error)"])
      throw error
    }
  }

  private static func hash(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).prefix(12).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }
}
