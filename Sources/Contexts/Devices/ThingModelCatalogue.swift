import Foundation
package import Kernel
import Synchronization

/// The thing models in memory: those that come with the program, and those that an organisation loaded.
package final class ThingModelCatalogue: Sendable {
  struct Key: Hashable {
    /// nil: comes with the program.
    let organisation: ID<Organisation>?
    let model: String
    let version: Int
  }

  /// The files that come with the program.
  static let files = ["lock", "smoke", "electrical-fire", "electricity", "water", "gas", "gateway"]
  /// Versions of models an organisation may load.
  static let loadedMax = 1_000

  private let models: Mutex<[Key: CompiledModel]>

  /// - Throws: `.modelInvalid` when a file that comes with the program is missing or wrong.
  package init() throws(DevicesError) {
    var models: [Key: CompiledModel] = [:]
    for file in Self.files {
      let model = try Self.builtIn(file)
      models[Key(organisation: nil, model: model.key, version: model.version)] = CompiledModel(model)
    }
    self.models = Mutex(models)
  }

  private static func builtIn(_ file: String) throws(DevicesError) -> ThingModel {
    let url = Bundle.module.url(forResource: file, withExtension: "json", subdirectory: "ThingModels")
    guard let url, let data = try? Data(contentsOf: url) else {
      throw .modelInvalid(path: "/", problem: "the file ThingModels/\(file).json is missing")
    }
    return try ThingModel(json: Array(data))
  }

  /// A model that the organisation may use; the newest version when none is asked for.
  ///
  /// The organisation's own stands before the program's of the same key and version.
  package func model(_ key: String, version: Int?, organisation: ID<Organisation>) -> CompiledModel? {
    models.withLock { models in
      if let version {
        return models[Key(organisation: organisation, model: key, version: version)]
          ?? models[Key(organisation: nil, model: key, version: version)]
      }
      let found = models.filter { $0.key.model == key && ($0.key.organisation ?? organisation) == organisation }
      return found.max { Self.order($0.key, $1.key) }?.value
    }
  }

  /// All that the organisation may use: by key, the newest version first.
  func all(of organisation: ID<Organisation>) -> [ThingModel] {
    models.withLock { models in
      models.filter { ($0.key.organisation ?? organisation) == organisation }
        .sorted { ($0.key.model, $1.key.version) < ($1.key.model, $0.key.version) }
        .map(\.value.model)
    }
  }

  /// How many the organisation loaded itself.
  func loadedCount(_ organisation: ID<Organisation>) -> Int {
    models.withLock { $0.keys.count { $0.organisation == organisation } }
  }

  func put(_ model: ThingModel, organisation: ID<Organisation>) {
    let compiled = CompiledModel(model)
    models.withLock { models in
      let key = Key(organisation: organisation, model: model.key, version: model.version)
      if models[key] == nil { models[key] = compiled }
    }
  }

  private static func order(_ left: Key, _ right: Key) -> Bool {
    (left.version, left.organisation == nil ? 0 : 1) < (right.version, right.organisation == nil ? 0 : 1)
  }
}
