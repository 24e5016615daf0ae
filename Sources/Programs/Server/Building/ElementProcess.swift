import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import VirtualBuilding

/// The virtual building's secure elements in a process of their own, one for all its devices: started beside the
/// server, started again when it dies, ended with the server however that ends, since its standard input then ends.
final class ElementProcess: Service {
  private let program: URL
  private let folder: URL
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var input: Pipe?
    var ends: AsyncStream<Int32>?
    var ready: AsyncStream<Void>?
    var isStopping = false
  }

  /// How long it may take to be ready: a debug build tests its algorithms slowly.
  private static let startingTime: Duration = .seconds(30)
  private static let restSecondsMax = 60
  /// The power-on check of its randomness waits until the rest of the machine has started; seconds.
  private static let checkAfterSeconds = 300

  /// - Parameter folder: the building's.
  init(folder: URL, logger: Logger) {
    program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("anju-element")
    self.folder = folder
    self.logger = logger
  }

  var socket: String { folder.appendingPathComponent("element.sock").path }

  /// Starts it, without waiting; false when it can not be.
  func start(_ devices: [String]) -> Bool {
    do {
      try begin(devices)
      return true
    } catch {
      logger.warning("the virtual building has no secure elements", metadata: ["error": "\(error)"])
      return false
    }
  }

  /// Waits until it takes calls; false when it ended or takes too long. To be asked once a start.
  func isReady() async -> Bool {
    guard let ready = state.withLock({ $0.ready }) else { return false }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in ready { return true }
        return false
      }
      group.addTask {
        try? await Task.sleep(for: Self.startingTime)
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  func run() async throws {
    var restSeconds = 1
    await withGracefulShutdownHandler {
      while !state.withLock({ $0.isStopping }) {
        if let ends = state.withLock({ $0.ends }) {
          for await status in ends {
            guard !state.withLock({ $0.isStopping }) else { return }
            logger.error("the secure elements ended and are started again", metadata: ["status": "\(status)"])
          }
        }
        guard !state.withLock({ $0.isStopping }) else { return }
        let rest = Duration.seconds(restSeconds)
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: rest) }
        restSeconds = min(Self.restSecondsMax, restSeconds * 2)
        guard !state.withLock({ $0.isStopping }), !Task.isCancelled else { return }
        do { try begin(nil) } catch {
          logger.error("the secure elements do not start", metadata: ["error": "\(error)"])
        }
      }
    } onGracefulShutdown: {
      self.stop()
    }
    stop()
  }

  /// Tells it to end.
  func stop() {
    let input = state.withLock { state in
      state.isStopping = true
      defer { state.input = nil }
      return state.input
    }
    try? input?.fileHandleForWriting.close()
  }

  /// - Parameter devices: nil: as before.
  private func begin(_ devices: [String]?) throws {
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw ServerError.elementMissing(path: program.path)
    }
    let names = folder.appendingPathComponent("elements.txt")
    if let devices { try Data(devices.joined(separator: "\n").utf8).write(to: names) }
    let process = Process()
    process.executableURL = program
    process.arguments = [
      "rack", "--folder", folder.appendingPathComponent("elements").path,
      "--secret", folder.appendingPathComponent("element.secret").path, "--names", names.path,
      "--socket", socket, "--check-after", String(Self.checkAfterSeconds), "--until-input-ends",
    ]
    let (input, words) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = words
    let (ends, ended) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (ready, said) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    process.terminationHandler = { process in
      ended.yield(process.terminationStatus)
      ended.finish()
      said.finish()
    }
    words.fileHandleForReading.readabilityHandler = { [logger] file in
      let bytes = file.availableData
      guard !bytes.isEmpty else {
        file.readabilityHandler = nil
        return
      }
      let text = String(decoding: bytes.prefix(512), as: UTF8.self)
      guard !text.contains(": ready") else {
        said.yield(())
        return
      }
      logger.notice("secure elements", metadata: ["said": "\(text)"])
    }
    try process.run()
    state.withLock { state in
      state.input = input
      state.ends = ends
      state.ready = ready
    }
  }
}
