"""Where we fit into other libraries; one small file each."""
