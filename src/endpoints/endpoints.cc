#include "endpoints/endpoints.h"

#include <utility>

#include "endpoints/detail/service.h"

namespace scones::endpoints {

using detail::Kind;

Result<std::unique_ptr<Endpoints>> Endpoints::Open(Options options, db::Database& database,
                                                   io::Shards& shards, io::BlockingPool& disk,
                                                   io::BlobStore& blobs, const Clock& clock) {
  auto service =
      std::make_shared<detail::Service>(std::move(options), database, shards, disk, blobs, clock);
  TRY_VOID(service->Open());
  return std::unique_ptr<Endpoints>(new Endpoints(std::move(service)));
}

Endpoints::Endpoints(std::shared_ptr<detail::Service> service) : service_(std::move(service)) {}
Endpoints::~Endpoints() { service_->Close(); }

io::Task<void> Endpoints::FlushCaptures() { return service_->FlushCaptures(); }

io::Task<Result<ModelRecord>> Endpoints::CreateModel(ModelSpec spec) {
  return service_->CreateModel(std::move(spec));
}
Result<ModelRecord> Endpoints::DescribeModel(const std::string& name) const {
  return service_->DescribeModel(name);
}
Result<Page<ModelRecord>> Endpoints::ListModels(const ListQuery& query) const {
  return service_->ListModels(query);
}
io::Task<Result<void>> Endpoints::DeleteModel(std::string name) {
  return service_->Remove(Kind::kModel, std::move(name));
}

io::Task<Result<EndpointConfigRecord>> Endpoints::CreateEndpointConfig(EndpointConfigSpec spec) {
  return service_->CreateEndpointConfig(std::move(spec));
}
Result<EndpointConfigRecord> Endpoints::DescribeEndpointConfig(const std::string& name) const {
  return service_->DescribeEndpointConfig(name);
}
Result<Page<EndpointConfigRecord>> Endpoints::ListEndpointConfigs(const ListQuery& query) const {
  return service_->ListEndpointConfigs(query);
}
io::Task<Result<void>> Endpoints::DeleteEndpointConfig(std::string name) {
  return service_->Remove(Kind::kEndpointConfig, std::move(name));
}

io::Task<Result<EndpointRecord>> Endpoints::CreateEndpoint(std::string name,
                                                           std::string config_name, Tags tags) {
  return service_->CreateEndpoint(std::move(name), std::move(config_name), std::move(tags));
}
io::Task<Result<EndpointRecord>> Endpoints::UpdateEndpoint(std::string name,
                                                           std::string config_name) {
  return service_->UpdateEndpoint(std::move(name), std::move(config_name));
}
Result<EndpointRecord> Endpoints::DescribeEndpoint(const std::string& name) const {
  return service_->DescribeEndpoint(name);
}
Result<Page<EndpointRecord>> Endpoints::ListEndpoints(const ListQuery& query) const {
  return service_->ListEndpoints(query);
}
io::Task<Result<void>> Endpoints::DeleteEndpoint(std::string name) {
  return service_->DeleteEndpoint(std::move(name));
}

Result<Tags> Endpoints::ListTags(const std::string& arn) const { return service_->ListTags(arn); }

io::Task<Result<Tags>> Endpoints::AddTags(std::string arn, Tags tags) {
  return service_->ChangeTags(std::move(arn), [tags = std::move(tags)](Tags& all) {
    for (const auto& [key, value] : tags) all[key] = value;
  });
}

io::Task<Result<void>> Endpoints::DeleteTags(std::string arn, std::vector<std::string> keys) {
  auto remove = [keys = std::move(keys)](Tags& all) {
    for (const std::string& key : keys) all.erase(key);
  };
  CO_TRY(const Tags left, co_await service_->ChangeTags(std::move(arn), std::move(remove)));
  (void)left;
  co_return Result<void>();
}

io::Task<Result<InvokeResponse>> Endpoints::Invoke(InvokeRequest request) {
  return service_->Invoke(std::move(request));
}

}  // namespace scones::endpoints
