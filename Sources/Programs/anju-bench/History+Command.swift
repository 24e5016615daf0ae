import ArgumentParser
import Foundation

/// `anju-bench history`: what a sample costs, and whether that grows with their number.
struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Bytes a sample, reading a day, latest values and intake, at 1, 10 and 50 million samples.")

  @Option(help: "Devices; each reports four metrics a minute.")
  var devices: UInt32 = 10_000

  @Option(parsing: .upToNextOption, help: "Millions of samples at which to measure, rising.")
  var millions: [Int] = [1, 10, 50]

  @Option(help: "A folder for the files, removed afterwards; on the disk that is to be measured.")
  var folder: String = FileManager.default.temporaryDirectory.path

  func run() async throws {
    let place = URL(filePath: folder).appending(path: "anju-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    print("history: \(devices) devices × 4 metrics a minute, on \(Machine.description)")
    let bench = try await HistoryBench(folder: place.path, devices: devices)
    var figures: [HistoryBench.Figures] = []
    print(HistoryBench.Figures.heading)
    for count in millions.sorted() {
      let found = try await bench.grow(to: count * 1_000_000)
      print(found.line)
      figures.append(found)
    }
    if let first = figures.first, let last = figures.last, figures.count > 1 { print(last.growth(since: first)) }
    await bench.close()
  }
}
