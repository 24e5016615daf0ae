import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Where the running building's control interface is.
struct ControlAddress: ParsableArguments {
  @Option(help: "Port of the control interface on 127.0.0.1.")
  var control = 8090

  /// Sends a request and returns the answer's body.
  /// - Throws: `ControlFailure` when the building is not there or says no.
  func send(_ method: HTTPMethod, _ path: String, body: [UInt8] = []) async throws -> String {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(control)/\(path)")
    request.method = method
    if !body.isEmpty {
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    let response: HTTPClientResponse
    do {
      response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    } catch {
      throw ControlFailure(text: "No building answers on 127.0.0.1:\(control): \(error)")
    }
    let text = String(buffer: try await response.body.collect(upTo: 16 << 20))
    guard response.status == .ok else { throw ControlFailure(text: text) }
    return text
  }

  static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
  }
}

/// The building did not do as told; printed as it is.
struct ControlFailure: Error, CustomStringConvertible {
  let text: String

  var description: String { text }
}
