import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The virtual building in a process of its own: it reaches the server as hardware does, and ends with it, however the
/// server ends, since its standard input then ends.
final class BuildingProcess: Service {
  private let program: URL
  private let folder: URL
  private let mqttPort: Int
  private let controlPort: Int
  private let elementSocket: String?
  private let logger: Logger
  private let input = Pipe()
  private let control: AsyncStream<String>
  private let controlFound: AsyncStream<String>.Continuation

  /// How long the server waits for its building's address before it says that it is ready without.
  private static let startingTime: Duration = .seconds(5)
  /// How long it may take to say goodbye.
  private static let closingTime: Duration = .seconds(4)

  /// - Parameters:
  ///   - folder: credentials, memory and log.
  ///   - controlPort: 0 takes a free one.
  ///   - elementSocket: of the secure elements; nil when the devices have no keys.
  /// - Throws: `ServerError.buildingMissing`.
  init(folder: URL, mqttPort: Int, controlPort: Int, elementSocket: String?, logger: Logger) throws {
    program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("anju-building")
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw ServerError.buildingMissing(path: program.path)
    }
    self.folder = folder
    self.mqttPort = mqttPort
    self.controlPort = controlPort
    self.elementSocket = elementSocket
    self.logger = logger
    (control, controlFound) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Where it can be told to misbehave; nil when it ended before it said so or takes too long. To be asked once.
  func controlAddress() async -> String? {
    let patience = Task { [controlFound] in
      try await Task.sleep(for: Self.startingTime)
      controlFound.finish()
    }
    defer { patience.cancel() }
    for await address in control { return address }
    return nil
  }

  func run() async throws {
    let process = try started()
    let (ends, ended) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingNewest(1))
    process.terminationHandler = { process in
      ended.yield(process.terminationStatus)
      ended.finish()
    }
    do { try process.run() } catch {
      controlFound.finish()
      throw error
    }
    let isStopping = Mutex(false)
    await withGracefulShutdownHandler {
      for await status in ends {
        controlFound.finish()
        guard !isStopping.withLock({ $0 }) else { return }
        // The platform goes on without its building.
        logger.error("\(ServerError.buildingEnded(status: status))")
        try? await gracefulShutdown()
      }
    } onGracefulShutdown: { [input] in
      isStopping.withLock { $0 = true }
      try? input.fileHandleForWriting.close()
      Task {
        try? await Task.sleep(for: Self.closingTime)
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      }
    }
  }

  private func started() throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = [
      "run", "--platform", "127.0.0.1:\(mqttPort)", "--credentials", folder.path,
      "--memory", folder.appendingPathComponent("building.db").path, "--control", String(controlPort),
      "--log", "warning", "--until-input-ends",
    ] + (elementSocket.map { ["--element", $0] } ?? [])
    let log = folder.appendingPathComponent("building.log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil, attributes: [.posixPermissions: 0o600])
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: log)
    let said = Mutex(Data())
    output.fileHandleForReading.readabilityHandler = { [controlFound] file in
      let bytes = file.availableData
      if bytes.isEmpty { file.readabilityHandler = nil }
      let text = said.withLock { said in
        said.append(bytes.prefix(4_096))
        return String(decoding: said, as: UTF8.self)
      }
      guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("control: ") }), text.contains("\n")
      else { return }
      controlFound.yield(String(line.dropFirst("control: ".count)))
      controlFound.finish()
      file.readabilityHandler = nil
    }
    return process
  }
}
