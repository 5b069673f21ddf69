provider "flux" {
  cluster_name = var.cluster_name

  kubernetes = {
    kubeconfig = var.kubeconfig
  }
}

resource "flux_instance" "this" {
  namespace = var.namespace

  distribution = {
    version  = var.flux_version
    registry = var.flux_registry
  }
  components = var.components
  cluster    = { type = "kubernetes" }

  sync = {
    url            = var.git_repository
    ref            = "refs/heads/${var.git_branch}"
    path           = var.git_path
    retry_interval = var.retry_interval
  }
  # The values themselves must decide nothing: what depends on an ephemeral value is ephemeral, too.
  git_auth = var.git_private ? { password_wo = var.git_token } : null
  sops = var.decrypt ? {
    age_key_wo         = var.sops_age_key
    age_key_wo_version = var.sops_age_key_version
  } : null
}
