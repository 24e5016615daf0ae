import Crypto
import HTTPTypes
package import Hummingbird
import Kernel
import Logging
import NIOCore

extension Call {
  /// Answers with JSON in the endpoint's schema.
  package func answer(_ value: some Encodable & Described, headers: HTTPFields = [:]) throws -> Response {
    try answer(bytes: JSONBody.encode(value), headers: headers)
  }

  /// Answers with JSON and its ETag; 304 when the client has it already.
  ///
  /// - Parameter version: the record's, which `expectedVersion` reads back from If-Match. The tag also has the bytes'
  ///   hash, since what is shown beside the record changes without it.
  package func resource(_ value: some Encodable & Described, version: Int64? = nil) throws -> Response {
    let bytes = try JSONBody.encode(value)
    let tag = "\"\(version.map { "\($0)-" } ?? "")\(Self.hash(bytes))\""
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

  /// The version in If-Match, on which a change is based; nil for `*`, whatever is there.
  ///
  /// - Throws: `Problem.preconditionMissing` without the header, `Problem.stale` for a tag that was never given.
  package func expectedVersion() throws(Problem) -> Int64? {
    guard let header = request.headers[.ifMatch] else { throw .preconditionMissing }
    if header == "*" { return nil }
    let digits = header.drop { $0 == "\"" }.prefix { $0.isASCII && $0.isNumber }
    guard header.first == "\"", header.last == "\"", let version = Int64(digits) else { throw .stale }
    return version
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
    SHA256.hash(data: bytes).prefix(12).hexadecimal
  }
}
