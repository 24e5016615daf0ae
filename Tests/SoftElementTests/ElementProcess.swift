import Guomi
import SecureElement
import TestSupport

@testable import SoftElement

/// `anju-element` as a process of its own.
struct ElementProcess {
  let folder: TemporaryFolder
  let child: ChildProgram

  var socket: String { folder.path("socket") }
  var store: String { folder.path("store") }
  var secretFile: String { folder.path("secret") }

  static let ready = String(ElementProgram.greeting.dropLast())

  static func start(_ folder: TemporaryFolder, _ more: [String] = []) async throws -> ElementProcess {
    let arguments = [
      "serve", "--folder", folder.path("store"), "--secret", folder.path("secret"), "--socket", folder.path("socket"),
    ]
    let child = try await ChildProgram.start(.built("anju-element", arguments + more))
    let process = ElementProcess(folder: folder, child: child)
    try await child.wrote(ready)
    return process
  }

  func connect() throws(SecureElementError) -> ElementConnection {
    try ElementConnection(socket: socket, secondsMax: Patience.seconds)
  }

  /// What is in the store of a process that has ended.
  func stored() throws -> StoredState {
    let secret = try DeviceSecret.load(secretFile, random: .operatingSystem)
    return try SoftElement(
      folder: store, secret: secret, tested: Randomness(entropy: .operatingSystem)
    ).state
  }
}
