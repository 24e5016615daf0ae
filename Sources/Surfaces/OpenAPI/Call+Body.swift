import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Call {
  /// The JSON body, checked against the endpoint's schema and decoded.
  ///
  /// - Throws: problems 400, 408 by closing, 413, 415, 422.
  package func body<T: Decodable & Described>(_: T.Type = T.self) async throws -> T {
    let value = try await json()
    do {
      return try JSONBody.decode(T.self, from: value)
    } catch is DecodingError {
      throw Problem.invalidBody("The body does not fit its schema.")
    }
  }

  /// The JSON body, checked against the endpoint's schema.
  package func json() async throws -> JSONValue {
    let bytes = try await bytes()
    let value: JSONValue
    do {
      value = try JSONReader.read(bytes)
    } catch {
      throw Problem.malformed("The body is not JSON: at byte \(error.offset), \(error.reason).")
    }
    do {
      try endpoint.body?.schema.check(value)
    } catch {
      throw Problem.invalidBody(error.sentence)
    }
    return value
  }

  /// The body as it came, within the endpoint's limits of type, size and time.
  package func bytes() async throws -> [UInt8] {
    guard let body = endpoint.body else { return [] }
    guard mediaType == body.mediaType else { throw Problem.mediaType(body.mediaType) }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > body.bytesMax {
      throw Problem.tooLarge(bytesMax: body.bytesMax)
    }
    // A body that does not arrive ends its connection: there is nothing left to answer.
    let channel = context.channel
    let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(Limits.bodyTime)) {
      channel.close(mode: .all, promise: nil)
    }
    defer { deadline.cancel() }
    do {
      let buffer = try await request.body.collect(upTo: body.bytesMax)
      return Array(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw Problem.tooLarge(bytesMax: body.bytesMax)
    }
  }

  /// The body's type without its parameters.
  private var mediaType: String? {
    request.headers[.contentType]?
      .split(separator: ";", maxSplits: 1).first?
      .trimmingCharacters(in: .whitespaces).lowercased()
  }
}
