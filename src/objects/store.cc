#include "objects/detail/schema.h"
#include "objects/detail/store_state.h"

namespace scones::objects {

Result<std::unique_ptr<ObjectStore>> ObjectStore::Open(db::Database& database,
                                                       io::BlockingPool& disk, const Clock& clock,
                                                       Options options) {
  TRY_VOID(database.Migrate(detail::kSchema));
  auto state = std::make_unique<State>(database, disk, clock, std::move(options));
  TRY(state->contents, detail::Contents::Open(database, disk, state->options.directory));
  auto swept = std::make_shared<std::promise<void>>();
  state->sweep = swept->get_future();
  auto sweep = [contents = state->contents, &stop = state->stopping, swept] {
    contents->Sweep(stop);
    swept->set_value();
  };
  if (!disk.TryPost(std::move(sweep))) swept->set_value();  // the next start sweeps
  return std::unique_ptr<ObjectStore>(new ObjectStore(std::move(state)));
}

ObjectStore::ObjectStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

ObjectStore::~ObjectStore() {
  state_->stopping = true;
  state_->sweep.wait();
}

}  // namespace scones::objects
