import Foundation

/// What the data folder holds: rights, certificates, stores, the pages' files.
extension Doctor {
  func folder() -> Finding {
    let path = configuration.dataFolder.path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      return .good("\(path) is not there yet; the first start makes it")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      return .wrong("\(path) cannot be written", remedy: "chown it to this user, or use --data")
    }
    let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    return mode & 0o077 == 0
      ? .good("\(path) belongs to its owner alone")
      : .wrong("others may read \(path), which holds keys", remedy: "chmod 700 \(path)")
  }

  func assets() -> Finding {
    let missing = ["htmx.min.js", "echarts.min.js", "icons.svg", "inter-latin.woff2"].filter {
      !FileManager.default.fileExists(atPath: configuration.vendorFolder.appendingPathComponent($0).path)
    }
    return missing.isEmpty
      ? .good("the pages' files are there")
      : .wrong(
        "\(missing.joined(separator: ", ")) missing in \(configuration.vendorFolder.path)", remedy: "scripts/assets")
  }
}
