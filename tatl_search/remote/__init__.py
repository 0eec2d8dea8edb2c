"""A sweep's counterpart behind a URI: an object store, or a folder that is named like one."""
