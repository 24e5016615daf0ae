import Foundation
import Glibc
import LoadGenerator

/// Debian's mosquitto on loopback: persistence on, one subscriber to everything, plain and mutual TLS.
final class Mosquitto {
  let plainPort: UInt16
  let tlsPort: UInt16
  let processID: Int32
  private let process = Process()
  private let subscriber: Subscriber
  private let folder: URL

  /// - Parameter certificates: the files that the TLS listener uses.
  /// - Throws: when mosquitto is missing or does not listen within ten seconds.
  init(certificates: BenchCertificates) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "anju-bench-mosquitto-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.folder = folder
    plainPort = try FreePort.next()
    tlsPort = try FreePort.next()
    let configuration = folder.appendingPathComponent("mosquitto.conf")
    try Self.configuration(folder, plainPort, tlsPort, certificates).write(
      to: configuration, atomically: true, encoding: .utf8)
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/mosquitto")
    process.arguments = ["-c", configuration.path]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    processID = process.processIdentifier
    try FreePort.awaitListener(plainPort)
    subscriber = try Subscriber(port: plainPort)
  }

  /// Messages that the subscriber got.
  var delivered: Int { subscriber.count }

  func stop() {
    subscriber.stop()
    // Not by SIGTERM: a child inherits the signals that the spawning thread blocks.
    kill(processID, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  /// By default mosquitto holds 1,000 messages for a subscriber and silently drops what it has acknowledged beyond
  /// that; here nothing may be dropped, as with us.
  private static func configuration(
    _ folder: URL, _ plain: UInt16, _ tls: UInt16, _ certificates: BenchCertificates
  ) -> String {
    """
    user root
    allow_anonymous true
    persistence true
    persistence_location \(folder.path)/
    set_tcp_nodelay true
    max_inflight_messages 0
    max_queued_messages 0
    log_dest none
    listener \(plain) 127.0.0.1
    listener \(tls) 127.0.0.1
    cafile \(certificates.authorityFile.path)
    certfile \(certificates.serverCertificateFile.path)
    keyfile \(certificates.serverKeyFile.path)
    require_certificate true
    use_identity_as_username true
    tls_version tlsv1.3

    """
  }
}
