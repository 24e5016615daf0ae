import Glibc
import TestSupport
import Testing

@testable import SecureElement

/// The client, against an element that misbehaves.
struct ElementConnectionTests {
  /// A connection whose other end a test holds.
  private func pair() -> (connection: ElementConnection, other: Int32) {
    var ends: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
    return (ElementConnection(reading: ends[0], writing: ends[0], secondsMax: 60), ends[1])
  }

  @Test("an answer comes to its call, an error as itself")
  func answers() async throws {
    let (connection, other) = pair()
    defer { close(other) }
    let bytes =
      ElementFrame(number: 1, body: ElementAnswer.number(7).bytes).bytes
      + ElementFrame(number: 2, code: SecureElementError.full.rawValue, body: []).bytes
    #expect(write(other, bytes, bytes.count) == bytes.count)
    #expect(try await connection.counter(0) == 7)
    await #expect(throws: SecureElementError.full) { try await connection.random(1) }
  }

  @Test("an answer to another call, of another kind or of another version shuts the connection", arguments: 0..<3)
  func wrong(number: Int) async {
    let (connection, other) = pair()
    defer { close(other) }
    let bytes = [
      ElementFrame(number: 9, body: ElementAnswer.number(7).bytes).bytes,
      ElementFrame(number: 1, body: [0xee]).bytes,
      [0, 0, 0, 6, 9, 0, 0, 0, 1, 0],
    ][number]
    #expect(write(other, bytes, bytes.count) == bytes.count)
    await #expect(throws: SecureElementError.unavailable) { try await connection.counter(0) }
    await #expect(throws: SecureElementError.unavailable) { try await connection.identity() }
  }

  @Test("an element that is gone is unavailable")
  func gone() async {
    let (connection, other) = pair()
    close(other)
    await #expect(throws: SecureElementError.unavailable) { try await connection.health() }
    #expect(throws: SecureElementError.unavailable) { try ElementConnection(socket: "/nonexistent/element") }
  }
}
